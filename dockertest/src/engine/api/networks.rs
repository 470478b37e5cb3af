//! What the API knows and does about networks.

use bollard::models::{NetworkCreateRequest, NetworkInspect};
use bollard::query_parameters as query;

use crate::engine::api::containers::{found, label_filter};
use crate::engine::api::{Api, ApiFailure};

impl Api {
    /// The networks.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// ctx.debug(format!("{} networks", ctx.api()?.networks()?.len()));
    /// # Ok(()) }
    /// ```
    pub fn networks(&self) -> Result<Vec<bollard::models::Network>, ApiFailure> {
        self.ask("GET /networks", self.docker.list_networks(None::<query::ListNetworksOptions>))
    }

    /// The networks that have all of these labels.
    pub(crate) fn networks_with(&self, labels: &[String]) -> Result<Vec<bollard::models::Network>, ApiFailure> {
        let options = query::ListNetworksOptions { filters: label_filter(labels) };
        self.ask("GET /networks", self.docker.list_networks(Some(options)))
    }

    /// What the engine knows about a network, by its name or id; nothing if it has none of that name.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// check!(ctx.api()?.network("bridge")?.is_some(), "there is a default network");
    /// # Ok(()) }
    /// ```
    pub fn network(&self, name: &str) -> Result<Option<NetworkInspect>, ApiFailure> {
        let options = None::<query::InspectNetworkOptions>;
        found(self.ask(format!("GET /networks/{name}"), self.docker.inspect_network(name, options)))
    }

    /// Makes a network and gives its id.
    ///
    /// # Errors
    /// When the engine does not do it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let name = ctx.network_name("test");
    /// ctx.api()?.create_network(dockertest::engine::models::NetworkCreateRequest { name, ..Default::default() })?;
    /// # Ok(()) }
    /// ```
    pub fn create_network(&self, body: NetworkCreateRequest) -> Result<String, ApiFailure> {
        Ok(self.ask("POST /networks/create", self.docker.create_network(body))?.id)
    }

    /// Removes a network; whether there was one.
    ///
    /// # Errors
    /// When the engine does not do it, for example because a container is attached to it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, name: &str) -> Outcome {
    /// ctx.api()?.remove_network(name)?;
    /// # Ok(()) }
    /// ```
    pub fn remove_network(&self, name: &str) -> Result<bool, ApiFailure> {
        let request = format!("DELETE /networks/{name}");
        found(self.ask(request, self.docker.remove_network(name))).map(|done| done.is_some())
    }
}
