"""What is known about frames: the domain's words, the store, and the doors to nuScenes and to models."""
