"""The monitor as a process: started, listening to the app, taking in operators' answers, stopped.

`run_monitor` is the use case; `board` is what the console hears, `prometheus_text` what Prometheus reads. Decides no
level and no alert.
"""
