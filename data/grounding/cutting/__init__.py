"""Words cut into assertions by a model at an endpoint instead of the grammar; what it says is untrusted.

`cut_at_endpoint` asks and keeps, `kept_cuts` reads, `forget_cuts` goes back to the rules. Judges nothing: what an
assertion comes to is decided by the same rules whoever cut it.
"""
