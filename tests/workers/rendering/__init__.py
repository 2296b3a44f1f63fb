"""What renderers make of folders of our own writing, kind and hostile."""
