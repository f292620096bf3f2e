"""The app's screens. A screen asks the domain and draws; it decides nothing."""
