"""Campaign: the pytest plugin in other people's test environments, beside one other plugin in each."""
