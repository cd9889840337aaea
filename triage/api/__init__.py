"""The machines' door: other programs of the clinic come in by tokens. Off until the clinic turns it on; docs/api.md."""
