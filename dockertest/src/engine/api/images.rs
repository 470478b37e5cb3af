//! What the API knows and does about images.

use bollard::models::{ImageHistoryResponseItem, ImageInspect, ImageSummary};
use bollard::query_parameters as query;

use crate::engine::api::containers::{found, label_filter};
use crate::engine::api::{Api, ApiFailure};

impl Api {
    /// The images, without those that are only a step on the way to another.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let names: Vec<String> = ctx.api()?.images()?.into_iter().flat_map(|image| image.repo_tags).collect();
    /// # let _ = names;
    /// # Ok(()) }
    /// ```
    pub fn images(&self) -> Result<Vec<ImageSummary>, ApiFailure> {
        self.ask("GET /images/json", self.docker.list_images(None::<query::ListImagesOptions>))
    }

    /// All images, also those that are only a step on the way to another.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let number = ctx.api()?.all_images()?.len();
    /// # let _ = number;
    /// # Ok(()) }
    /// ```
    pub fn all_images(&self) -> Result<Vec<ImageSummary>, ApiFailure> {
        let options = query::ListImagesOptions { all: true, ..Default::default() };
        self.ask("GET /images/json", self.docker.list_images(Some(options)))
    }

    /// The images that have all of these labels.
    pub(crate) fn images_with(&self, labels: &[String]) -> Result<Vec<ImageSummary>, ApiFailure> {
        let options = query::ListImagesOptions { filters: label_filter(labels), ..Default::default() };
        self.ask("GET /images/json", self.docker.list_images(Some(options)))
    }

    /// What the engine knows about an image, by its name or id; nothing if it has none of that name.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let name = ctx.image()?;
    /// let id = ctx.api()?.image(&name)?.and_then(|image| image.id);
    /// # let _ = id;
    /// # Ok(()) }
    /// ```
    pub fn image(&self, name: &str) -> Result<Option<ImageInspect>, ApiFailure> {
        found(self.ask(format!("GET /images/{name}/json"), self.docker.inspect_image(name)))
    }

    /// The layers of an image, the newest first.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, name: &str) -> Outcome {
    /// let newest = ctx.api()?.history(name)?.into_iter().next();
    /// # let _ = newest;
    /// # Ok(()) }
    /// ```
    pub fn history(&self, name: &str) -> Result<Vec<ImageHistoryResponseItem>, ApiFailure> {
        self.ask(format!("GET /images/{name}/history"), self.docker.image_history(name))
    }

    /// Gives an image one more name.
    ///
    /// # Errors
    /// When the engine does not do it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let (image, repository) = (ctx.image()?, ctx.image_name("test"));
    /// ctx.api()?.tag(&image, &repository, "latest")?;
    /// # Ok(()) }
    /// ```
    pub fn tag(&self, name: &str, repository: &str, tag: &str) -> Result<(), ApiFailure> {
        let options = query::TagImageOptions { repo: Some(repository.to_owned()), tag: Some(tag.to_owned()) };
        self.ask(format!("POST /images/{name}/tag"), self.docker.tag_image(name, Some(options)))
    }

    /// Makes an image of a container, under this name, and gives its id.
    ///
    /// # Errors
    /// When the engine does not do it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let repository = ctx.image_name("test");
    /// let container = ctx.container().create()?;
    /// let id = ctx.api()?.commit(container.id(), (&repository, "latest"), "author", "message")?;
    /// # let _ = id;
    /// # Ok(()) }
    /// ```
    pub fn commit(
        &self,
        container: &str,
        (repository, tag): (&str, &str),
        author: &str,
        message: &str,
    ) -> Result<String, ApiFailure> {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let options = query::CommitContainerOptions {
            container: given(container),
            repo: given(repository),
            tag: given(tag),
            author: given(author),
            comment: given(message),
            ..Default::default()
        };
        let config = bollard::models::ContainerConfig::default();
        Ok(self.ask("POST /commit", self.docker.commit_container(options, config))?.id)
    }

    /// Removes a name of an image, and the image with its last name; whether there was one.
    ///
    /// # Errors
    /// When the engine does not do it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, name: &str) -> Outcome {
    /// ctx.api()?.remove_image(name, false)?;
    /// # Ok(()) }
    /// ```
    pub fn remove_image(&self, name: &str, force: bool) -> Result<bool, ApiFailure> {
        let options = query::RemoveImageOptions { force, ..Default::default() };
        let request = format!("DELETE /images/{name}");
        found(self.ask(request, self.docker.remove_image(name, Some(options), None))).map(|done| done.is_some())
    }
}
