"""The operator's console: the browser component, its routes, and its link to the running monitor.

`mount_console` puts it on a page, `Link` reaches the monitor. Decides nothing: levels and alerts come from the
monitor.
"""
