"""Figures of one run on verified frames: recalls, missed TELEOPERATION, calibration, slices, deployment.

`run_figures`, `calibration_of`, `slices` and `deployment` are the ways in. Pure; knows no other run and no store.
"""
