"""How bytes and text lines are described; knows no device.

`fields` and `codec` declare binary messages, `text` comma lines, `tlv` tagged items;
`checksums` and `civil` are the small arithmetic that several protocols share.
"""
