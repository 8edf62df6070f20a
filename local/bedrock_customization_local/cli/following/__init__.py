"""How a run is followed: its history read as steps, what goes on just now, drawn as it goes."""
