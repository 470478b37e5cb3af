//! Plug-in libraries: subtests in a shared library, which is loaded into a process of its own for each list and step.
//!
//! An author writes one line, [`plugin!`](crate::plugin!), in a crate of type `cdylib`. It exports what is in [`abi`]: a
//! record that says what the library is, and two functions that speak the [`protocol`](super::protocol) as bytes.
//! Nothing else crosses the border, so neither compiler, profile nor language of the two sides need be the same.

pub mod abi;
mod elf;
mod export;
mod load;
mod pipe;
mod problem;
mod record;

#[doc(hidden)]
pub use export::{list, run};
pub(super) use load::{Call, load};
pub use problem::PluginProblem;
pub use record::{BadRecord, Identity};

/// Makes a plug-in of a crate of type `cdylib`: exports all subtests that are linked into it. Once in a crate, in any
/// module.
///
/// ```
/// use dockertest::prelude::*;
///
/// #[derive(Default)]
/// struct DiskQuota;
///
/// impl Subtest for DiskQuota {
///     fn run_once(&mut self, ctx: &mut Context) -> Outcome {
///         ctx.docker(["info"]).must_pass()?;
///         Ok(())
///     }
/// }
/// dockertest::subtest!(DiskQuota, "Checks that the quota of a volume holds.");
/// dockertest::plugin!();
/// ```
#[macro_export]
macro_rules! plugin {
    () => {
        const _: () = {
            #[unsafe(no_mangle)]
            #[allow(non_upper_case_globals)]
            pub static dockertest_plugin: $crate::host::plugin::abi::Record =
                $crate::host::plugin::abi::Record::new(::std::env!("CARGO_PKG_NAME"), ::std::env!("CARGO_PKG_VERSION"));

            const PROGRAM: &str = ::std::concat!(::std::env!("CARGO_PKG_NAME"), " ", ::std::env!("CARGO_PKG_VERSION"));

            #[unsafe(no_mangle)]
            pub extern "C" fn dockertest_plugin_list(host: &$crate::host::plugin::abi::Host) -> i32 {
                $crate::host::plugin::list(PROGRAM, host)
            }

            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn dockertest_plugin_run(
                host: &$crate::host::plugin::abi::Host,
                name: *const u8,
                name_length: usize,
            ) -> i32 {
                // SAFETY: the host gives the bytes of the name, which stay until this returns.
                unsafe { $crate::host::plugin::run(PROGRAM, host, name, name_length) }
            }
        };
    };
}
