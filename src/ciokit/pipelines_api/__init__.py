"""The Data Pipelines API: people, events, objects and devices in; one message per call, or many in a batch."""
