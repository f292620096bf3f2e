"""The review card: a browser component that shows frames, keeps what a person decides until the server has it, and
the server's side of it."""
