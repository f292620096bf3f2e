"""The application: the `teletriage` command and the browser app in which people review frames.

`asgi` is the server, `app` the page that Streamlit runs, `screens` what people see. Imports `eval` and `data`; only
`__main__` knows `training`, to mount its commands.
"""
