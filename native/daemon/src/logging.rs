//! What beamtapd says of its own work: to standard error, and only when `BEAMTAP_LOG` asks for it.

use crate::failure::Failure;
use tracing_subscriber::EnvFilter;

/// Names what to log: a level, or `target=level` pairs.
const VARIABLE: &str = "BEAMTAP_LOG";

pub(crate) fn start() -> Result<(), Failure> {
    let Some(wanted) = std::env::var_os(VARIABLE).filter(|wanted| !wanted.is_empty()) else { return Ok(()) };
    let refuse = |why: String| {
        Failure::Usage(format!(
            "invalid {VARIABLE}: {why}. Set {VARIABLE}=debug or {VARIABLE}=beamtapd=trace"
        ))
    };
    let wanted = wanted.to_str().ok_or_else(|| refuse("it is not UTF-8".to_owned()))?;
    let filter = EnvFilter::builder().parse(wanted).map_err(|error| refuse(format!("{error}")))?;
    // A log that cannot be written, on a full disk say, is no reason to end.
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .init();
    Ok(())
}
