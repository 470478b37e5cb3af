//! What the API knows and does about volumes.

use bollard::models::{Volume, VolumeCreateRequest};
use bollard::query_parameters as query;

use crate::engine::api::containers::{found, label_filter};
use crate::engine::api::{Api, ApiFailure};

impl Api {
    /// The volumes.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let names: Vec<String> = ctx.api()?.volumes()?.into_iter().map(|volume| volume.name).collect();
    /// # let _ = names;
    /// # Ok(()) }
    /// ```
    pub fn volumes(&self) -> Result<Vec<Volume>, ApiFailure> {
        let seen = self.ask("GET /volumes", self.docker.list_volumes(None::<query::ListVolumesOptions>))?;
        Ok(seen.volumes.unwrap_or_default())
    }

    /// The volumes that have all of these labels.
    pub(crate) fn volumes_with(&self, labels: &[String]) -> Result<Vec<Volume>, ApiFailure> {
        let options = query::ListVolumesOptions { filters: label_filter(labels) };
        let seen = self.ask("GET /volumes", self.docker.list_volumes(Some(options)))?;
        Ok(seen.volumes.unwrap_or_default())
    }

    /// What the engine knows about a volume; nothing if it has none of that name.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, name: &str) -> Outcome {
    /// check!(ctx.api()?.volume(name)?.is_some(), "the volume is there");
    /// # Ok(()) }
    /// ```
    pub fn volume(&self, name: &str) -> Result<Option<Volume>, ApiFailure> {
        found(self.ask(format!("GET /volumes/{name}"), self.docker.inspect_volume(name)))
    }

    /// Makes a volume.
    ///
    /// # Errors
    /// When the engine does not do it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let name = Some(ctx.volume_name("test"));
    /// ctx.api()?.create_volume(dockertest::engine::models::VolumeCreateRequest { name, ..Default::default() })?;
    /// # Ok(()) }
    /// ```
    pub fn create_volume(&self, body: VolumeCreateRequest) -> Result<Volume, ApiFailure> {
        self.ask("POST /volumes/create", self.docker.create_volume(body))
    }

    /// Removes a volume; whether there was one.
    ///
    /// # Errors
    /// When the engine does not do it, for example because a container uses it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, name: &str) -> Outcome {
    /// ctx.api()?.remove_volume(name)?;
    /// # Ok(()) }
    /// ```
    pub fn remove_volume(&self, name: &str) -> Result<bool, ApiFailure> {
        let options = None::<query::RemoveVolumeOptions>;
        let request = format!("DELETE /volumes/{name}");
        found(self.ask(request, self.docker.remove_volume(name, options))).map(|done| done.is_some())
    }
}
