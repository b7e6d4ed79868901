"""Webhooks of Customer.io: verified, made durable before they are acknowledged, and brought into Delta tables."""
