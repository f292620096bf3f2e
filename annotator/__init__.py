"""The application: the `teletriage` command and the browser app in which people review frames."""
