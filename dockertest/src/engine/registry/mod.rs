//! A registry for tests of `pull`: a real server on the loopback of the engine's network, or one that the configuration
//! names.

mod server;
mod store;

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::engine::{ImageName, ImageNameError, MadeImage, Place, PlaceFailure};
use crate::subtest::{Context, NotApplicable, Outcome};

use server::Server;
use store::Store;

/// The option that names another registry.
const OPTION: &str = "docker_registry_host";

/// Where a registry listens whose address has no port.
const DEFAULT_PORT: &str = "443";

/// How long a registry elsewhere may take to accept a connection.
const REACH_LIMIT: Duration = Duration::from_secs(10);

/// A registry that the engine can pull from.
///
/// ```no_run
/// use dockertest::engine::MadeImage;
/// use dockertest::prelude::*;
///
/// fn run_once(ctx: &mut Context) -> Outcome {
///     let registry = ctx.registry()?;
///     let image = MadeImage::with_file("marker", "one")?;
///     let name = registry.put("team/tool", "latest", &image)?;
///     let pulled = ctx.docker(["pull", &name.to_string()]).must_pass()?;
///     check!(pulled.stdout_text().contains(&image.digest()), "the digest is shown");
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Registry {
    host: String,
    /// None when it is not ours.
    store: Option<Store>,
}

impl Registry {
    /// Its address as names of images have it, seen from the engine: `127.0.0.1:43215`.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let registry = ctx.registry()?;
    /// let missing = format!("{}/no/such/image", registry.host());
    /// ctx.docker(["pull", &missing]).must_fail(1)?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it was started for this test, so that it holds what is [`put`](Self::put) there and nothing else.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// if !ctx.registry()?.is_ours() {
    ///     ctx.info("the registry must hold the image already");
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.store.is_some()
    }

    /// The name of an image there.
    ///
    /// # Errors
    /// When path or tag are not fit for a name.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let registry = ctx.registry()?;
    /// let name = registry.name("team/tool", "latest")?; // 127.0.0.1:43215/team/tool:latest
    /// ctx.docker(["pull", &name.to_string()]).must_pass()?;
    /// # Ok(()) }
    /// ```
    pub fn name(&self, path: &str, tag: &str) -> Result<ImageName, ImageNameError> {
        ImageName::parse(&format!("{}/{path}:{tag}", self.host))
    }

    /// Puts an image there, under this path and tag, without the engine's help.
    ///
    /// # Errors
    /// `TEST_NA` when the registry is not ours; `ERROR` when it cannot be written.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let (registry, image) = (ctx.registry()?, ctx.made_image()?);
    /// let name = registry.put("team/tool", "latest", &image)?;
    /// ctx.docker(["pull", &name.to_string()]).must_pass()?;
    /// let pulled = ctx.api()?.image(&name.to_string())?.and_then(|pulled| pulled.id);
    /// check_eq!(pulled.unwrap_or_default(), image.id(), "the id of what was pulled");
    /// # Ok(()) }
    /// ```
    pub fn put(&self, path: &str, tag: &str, image: &MadeImage) -> Outcome<ImageName> {
        let Some(store) = &self.store else {
            let reason =
                format!("nothing can be put into the registry `{}` (`{OPTION}`), which is not ours", self.host);
            return Err(NotApplicable::because(reason).into());
        };
        let name = self.name(path, tag)?;
        store.put(path, tag, image)?;
        Ok(name)
    }
}

impl Context {
    /// A registry: the one that the option `docker_registry_host` names, or else one of our own, on the loopback of the
    /// engine's network, until the end of the step.
    ///
    /// # Errors
    /// `TEST_NA` when there is none: the program is not installed, or the engine's network cannot be entered.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let registry = ctx.registry()?;
    /// ctx.info(format!("the engine has a registry at {}", registry.host()));
    /// # Ok(()) }
    /// ```
    pub fn registry(&mut self) -> Outcome<Registry> {
        let place = Place::of_address(&self.engine_address());
        let elsewhere = self.section().get(OPTION).filter(|host| !host.is_empty()).map(str::to_owned);
        if let Some(host) = elsewhere {
            reach(&host, place)?;
            return Ok(Registry { host, store: None });
        }
        let place =
            place.map_err(|failure| NotApplicable::because(format!("no registry can be started: {failure}")))?;
        let store = Store::in_folder(self.tmp().join("registry"));
        let server = Server::start(&place, store.folder(), &self.output().join("registry.log"))?;
        let host = server.address().to_owned();
        self.debug(format!("a registry listens at {host}"));
        self.defer(format!("stop the registry at {host}"), move || Ok(server.stop()?));
        Ok(Registry { host, store: Some(store) })
    }
}

/// A registry that does not answer is a reason not to test. An engine that is not of this machine has to find out itself.
fn reach(host: &str, place: Result<Place, PlaceFailure>) -> Outcome {
    let address = match host.rsplit_once(':') {
        Some((_, port)) if !port.contains(']') => host.to_owned(),
        _ => format!("{host}:{DEFAULT_PORT}"),
    };
    let connect = || -> std::io::Result<()> {
        let mut problem = std::io::Error::other("its name has no address");
        for address in address.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, REACH_LIMIT) {
                Ok(_) => return Ok(()),
                Err(error) => problem = error,
            }
        }
        Err(problem)
    };
    let Ok(place) = place else { return Ok(()) };
    place.run_in_net(connect)?.map_err(|error| {
        NotApplicable::because(format!("no registry answers at `{host}` (`{OPTION}`): {error}")).into()
    })
}
