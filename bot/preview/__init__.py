"""Preview: the moderators' page on this machine: entries, the exact messages made of them, what is to be mended."""
