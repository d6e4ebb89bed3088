"""Other Yjs servers, and ours, started for a measurement: installed by name, on loopback, ended with it."""
