"""对外交换: what other agencies get under an agreement, as pseudonymous facts."""
