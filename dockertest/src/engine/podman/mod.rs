//! Podman has no daemon: its API is there as long as somebody runs `podman system service`.

mod keep;
mod service;

pub use keep::{KEEP, keep};
pub(crate) use service::SERVICE_VARIABLE;
pub(super) use service::Service;
