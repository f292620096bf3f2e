"""Feeds under watch, on one event loop: pictures come in, the model is asked, levels change, alerts open and end.

`Monitor` puts the parts together: `Intake`, `Asking`, `Alerting`, `Trust`, `Load`. Nothing waits for the store: what
happened is written behind what is shown. Knows no browser and no request.
"""
