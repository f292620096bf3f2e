"""Recordings of robots: MCAP files and rosbag2 folders, read without ROS.

`Bags` is the source. `mcap_file` and `sqlite_file` know how messages are stored, `messages` what is in them.
"""
