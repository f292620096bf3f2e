"""What stands before every route: admission, security headers, same-origin checks, logs, threads.

Knows no frame, no review and no person's name.
"""
