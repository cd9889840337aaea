"""What serves: the environment, checks before serving, the gate, headers, health, errors, logs, backups, databases.

It knows no patient and no rule."""
