"""Small readers of the forms in which machines write messages: CDR, ROS 1 and protocol buffers.

They know no message, only numbers, text and bytes, and trust no length. What does not fit is a WireError.
"""
