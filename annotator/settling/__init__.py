"""The lead's card: a contested frame beside what people said of it, settled by keys.

`mount_settling` puts it on the page, `ROUTES` are the addresses that it talks to, `to_settle` says what it is told. Its
picture and strip are the review card's scripts. Of a frame of the random share it is never told what anybody said.
"""
