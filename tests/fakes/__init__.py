"""What stands between real parts in tests. Nothing here pretends to be one."""
