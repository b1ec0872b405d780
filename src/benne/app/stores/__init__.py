"""Where evidence, artefacts and reports are read and written."""
