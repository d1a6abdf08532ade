"""What people and programs of others hear of: notices, e-mails and webhooks, from one outbox."""
