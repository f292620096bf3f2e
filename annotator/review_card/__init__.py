"""The review card: a browser component that shows frames, keeps what a person decides until the server has it, and
the server's side of it.

`mount_card` puts it on a page, `apply_outbox` takes what it kept. It tells a browser only what the frame's mode
allows.
"""
