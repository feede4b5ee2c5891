//! `bench`.
pub(crate) async fn bench(_: &crate::cli::Cli, _: &crate::cli::Bench) -> anyhow::Result<()> {
    Ok(())
}
