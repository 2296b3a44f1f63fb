"""What app documents may say, one module per vocabulary. Bytes in, values out: nothing here reads a file or a clock."""
