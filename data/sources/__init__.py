"""Where drives come from: one adapter for each kind of source, all of them behind one port.

`Source` is that port. An adapter knows the files of its kind and nothing of the store; whatever it cannot say of a
frame it leaves out, so that nobody takes what is unknown for what is not there.
"""
