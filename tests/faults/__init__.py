"""What may go wrong under people who work: crowds, kills, power cuts, full disks, databases that go away."""
