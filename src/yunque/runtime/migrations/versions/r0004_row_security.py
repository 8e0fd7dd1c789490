"""The second wall between tenants on Postgres: row-level security on every table that carries a tenant."""

from alembic import op

revision = "0004"
down_revision = "0003"

_TABLES = ("job", "attempt", "job_event", "upload", "webhook_endpoint", "outbox", "account", "ledger")

# Who asks: the service says it with SET LOCAL app.tenant; Supabase's API says it in the claims of the
# user's token, in app_metadata, which users cannot write.
_TENANT_FUNCTION = """
CREATE FUNCTION yunque_current_tenant() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    nullif(current_setting('app.tenant', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb -> 'app_metadata' ->> 'tenant')
$$
"""

_ROLE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'yunque_tenant') THEN
    CREATE ROLE yunque_tenant NOLOGIN;
  END IF;
  IF NOT pg_has_role(current_user, 'yunque_tenant', 'MEMBER') THEN
    GRANT yunque_tenant TO CURRENT_USER;
  END IF;
END $$
"""

# A column privilege would be finer than hiding a table, but no reader among tenants needs secrets at all.
_NOT_READABLE = ("webhook_endpoint",)


def upgrade() -> None:
    """Give tenants read access to their own rows only; the tables' owner, the service, sees them all."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(_TENANT_FUNCTION)
    op.execute(_ROLE)
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_rows ON {table} FOR SELECT TO PUBLIC USING (tenant = yunque_current_tenant())"
        )
        if table not in _NOT_READABLE:
            op.execute(f"GRANT SELECT ON {table} TO yunque_tenant")
    op.execute("""DO $$ BEGIN
      IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'authenticated') THEN
        GRANT yunque_tenant TO authenticated;
      END IF;
    END $$""")
