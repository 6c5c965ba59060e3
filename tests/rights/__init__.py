"""What the roles of infra/deploy-role.yaml may do, tried by the verbs themselves."""
