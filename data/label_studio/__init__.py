"""Exchange with Label Studio, through its server or through its JSON files.

`push`, `pull`, `export_tasks` and `import_answers` are the use cases; only `server` talks to a server. Held-out
frames never leave, because Label Studio shows what is proposed.
"""
