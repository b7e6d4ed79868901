"""Tries to make the webhook receiver lose an event or store one twice: kill -9, broken disks, bad clients, long load.

`make chaos-webhooks` and `make soak-webhooks` call it. Linux only: it looks into /proc.
"""
