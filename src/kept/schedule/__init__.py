"""Services, resources, hours, closures, claims, holds, availability."""
