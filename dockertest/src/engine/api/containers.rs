//! What the API knows and does about containers.

use std::time::Duration;

use bollard::errors::Error;
use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, ContainerSummary, ContainerTopResponse, FilesystemChange,
};
use bollard::query_parameters as query;

use crate::engine::api::{Api, ApiFailure};

/// What podman calls a container whose process has ended and that it has not cleaned up after. Docker has no such state.
const STOPPED: &str = "unknown variant `stopped`";

/// How long podman may be in peace before it is asked again.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The answer when no container is in a state of podman's own any more. An answer that has such a state cannot be read; before
/// 5.6 podman gives it to whatever is asked about containers. From then on there is none, and only who looks for it sees
/// [that one is still mounted](super::waits::is_left_mounted).
pub(super) async fn settled<T, A: Future<Output = Result<T, Error>>>(ask: impl Fn() -> A) -> Result<T, Error> {
    loop {
        match ask().await {
            // Nobody tells when podman has cleaned up after a container.
            Err(error) if error.to_string().contains(STOPPED) => tokio::time::sleep(LOOK_AGAIN).await,
            answer => return answer,
        }
    }
}

impl Api {
    /// The containers; without `all` only those that run.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let running = ctx.api()?.containers(false)?;
    /// ctx.debug(format!("{} containers run", running.len()));
    /// # Ok(()) }
    /// ```
    pub fn containers(&self, all: bool) -> Result<Vec<ContainerSummary>, ApiFailure> {
        let options = query::ListContainersOptions { all, ..Default::default() };
        self.ask("GET /containers/json", settled(|| self.docker.list_containers(Some(options.clone()))))
    }

    /// The containers that have all of these labels (`name` or `name=value`), running or not.
    pub(crate) fn containers_with(&self, labels: &[String]) -> Result<Vec<ContainerSummary>, ApiFailure> {
        let options = query::ListContainersOptions { all: true, filters: label_filter(labels), ..Default::default() };
        self.ask("GET /containers/json", settled(|| self.docker.list_containers(Some(options.clone()))))
    }

    /// What the engine knows about a container, by its name or id; nothing if it has none of that name.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// check!(ctx.api()?.container("gone")?.is_none(), "the container is removed");
    /// # Ok(()) }
    /// ```
    pub fn container(&self, id: &str) -> Result<Option<ContainerInspectResponse>, ApiFailure> {
        let seen = self.ask(format!("GET /containers/{id}/json"), settled(|| self.docker.inspect_container(id, None)));
        found(seen)
    }

    /// Makes a container and gives its id.
    ///
    /// # Errors
    /// When the engine does not do it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let name = ctx.container_name("test");
    /// let image = Some(ctx.image()?);
    /// let body = dockertest::engine::models::ContainerCreateBody { image, ..Default::default() };
    /// let id = ctx.api()?.create(&name, body)?;
    /// # let _ = id;
    /// # Ok(()) }
    /// ```
    pub fn create(&self, name: &str, body: ContainerCreateBody) -> Result<String, ApiFailure> {
        let options = query::CreateContainerOptions { name: Some(name.to_owned()), ..Default::default() };
        let made = self.ask("POST /containers/create", self.docker.create_container(Some(options), body))?;
        Ok(made.id)
    }

    /// Starts a container.
    ///
    /// # Errors
    /// When the engine does not do it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, id: &str) -> Outcome {
    /// ctx.api()?.start(id)?;
    /// # Ok(()) }
    /// ```
    pub fn start(&self, id: &str) -> Result<(), ApiFailure> {
        self.ask(format!("POST /containers/{id}/start"), self.docker.start_container(id, None))
    }

    /// Stops a container; after `grace` seconds it is killed.
    ///
    /// # Errors
    /// When the engine does not do it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, id: &str) -> Outcome {
    /// ctx.api()?.stop(id, 0)?;
    /// # Ok(()) }
    /// ```
    pub fn stop(&self, id: &str, grace: i32) -> Result<(), ApiFailure> {
        let options = query::StopContainerOptions { t: Some(grace), ..Default::default() };
        self.ask(format!("POST /containers/{id}/stop"), self.docker.stop_container(id, Some(options)))
    }

    /// Sends a signal (a name or a number) to a container's first process.
    ///
    /// # Errors
    /// When the engine does not do it, for example because the container does not run.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, id: &str) -> Outcome {
    /// ctx.api()?.kill(id, "SIGUSR1")?;
    /// # Ok(()) }
    /// ```
    pub fn kill(&self, id: &str, signal: &str) -> Result<(), ApiFailure> {
        let options = query::KillContainerOptions { signal: signal.to_owned() };
        self.ask(format!("POST /containers/{id}/kill"), self.docker.kill_container(id, Some(options)))
    }

    /// A container with the sizes of its files, or nothing if there is none of that name or id.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, id: &str) -> Outcome {
    /// let written = ctx.api()?.container_with_size(id)?.and_then(|container| container.size_rw);
    /// # let _ = written;
    /// # Ok(()) }
    /// ```
    pub fn container_with_size(&self, id: &str) -> Result<Option<ContainerInspectResponse>, ApiFailure> {
        let options = || Some(query::InspectContainerOptions { size: true });
        let seen = settled(|| self.docker.inspect_container(id, options()));
        found(self.ask(format!("GET /containers/{id}/json?size=1"), seen))
    }

    /// Freezes all processes of a container.
    ///
    /// # Errors
    /// When the engine does not do it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, id: &str) -> Outcome {
    /// ctx.api()?.pause(id)?;
    /// # Ok(()) }
    /// ```
    pub fn pause(&self, id: &str) -> Result<(), ApiFailure> {
        self.ask(format!("POST /containers/{id}/pause"), self.docker.pause_container(id))
    }

    /// Removes a container with its anonymous volumes, also one that runs; whether there was one.
    ///
    /// # Errors
    /// When the engine does not do it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, id: &str) -> Outcome {
    /// ctx.api()?.remove(id)?;
    /// # Ok(()) }
    /// ```
    pub fn remove(&self, id: &str) -> Result<bool, ApiFailure> {
        let options = query::RemoveContainerOptions { v: true, force: true, ..Default::default() };
        let request = format!("DELETE /containers/{id}");
        found(self.ask(request, self.docker.remove_container(id, Some(options)))).map(|done| done.is_some())
    }

    /// The processes of a container, with these options of `ps`.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, id: &str) -> Outcome {
    /// let processes = ctx.api()?.top(id, "-eo pid,args")?.processes.unwrap_or_default();
    /// # let _ = processes;
    /// # Ok(()) }
    /// ```
    pub fn top(&self, id: &str, ps_options: &str) -> Result<ContainerTopResponse, ApiFailure> {
        let options = query::TopOptions { ps_args: ps_options.to_owned() };
        self.ask(format!("GET /containers/{id}/top"), self.docker.top_processes(id, Some(options)))
    }

    /// What differs in a container's file system from its image.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, id: &str) -> Outcome {
    /// for change in ctx.api()?.changes(id)? {
    ///     ctx.debug(change.path);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn changes(&self, id: &str) -> Result<Vec<FilesystemChange>, ApiFailure> {
        let seen = self.ask(format!("GET /containers/{id}/changes"), self.docker.container_changes(id))?;
        Ok(seen.unwrap_or_default())
    }
}

/// Nothing in place of an engine that does not have it.
pub(super) fn found<T>(answer: Result<T, ApiFailure>) -> Result<Option<T>, ApiFailure> {
    match answer {
        Ok(seen) => Ok(Some(seen)),
        Err(failure) if failure.is_missing() => Ok(None),
        Err(failure) => Err(failure),
    }
}

pub(super) fn label_filter(labels: &[String]) -> Option<std::collections::HashMap<String, Vec<String>>> {
    Some([("label".to_owned(), labels.to_vec())].into())
}
