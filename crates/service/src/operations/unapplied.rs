//! A guard for changes of the facts that have not reached the live records yet.

use crate::operations::login::may_have_happened;
use crate::retries::Pending;
use crate::{Service, ServiceError};

/// A guard for operations that make live records agree with the facts. If it is dropped, for example because the caller
/// has given up, the operations are carried out later.
#[must_use]
pub(crate) struct Unapplied<'a> {
    service: &'a Service,
    operations: Vec<Pending>,
}

impl Service {
    /// Begins a change of the facts, after which `operations` make the live records agree.
    pub(crate) fn unapplied(&self, operations: impl IntoIterator<Item = Pending>) -> Unapplied<'_> {
        Unapplied { service: self, operations: operations.into_iter().collect() }
    }
}

impl Unapplied<'_> {
    /// Records that the live records agree with the facts. The guard then does nothing.
    pub fn are_applied(mut self) {
        self.operations.clear();
    }

    /// Returns the outcome of the change of the facts, with the guard. If the change has failed, but may have been
    /// made, the records are compared with the facts later.
    pub fn unless_refused<T, E: Into<ServiceError>>(
        self,
        changed: Result<T, E>,
    ) -> Result<(T, Self), ServiceError> {
        match changed.map_err(Into::into) {
            Ok(changed) => Ok((changed, self)),
            Err(error) => {
                if matches!(&error, ServiceError::Facts(error) if !may_have_happened(error)) {
                    self.are_applied();
                }
                Err(error)
            }
        }
    }
}

impl Drop for Unapplied<'_> {
    fn drop(&mut self) {
        for operation in self.operations.drain(..) {
            self.service.retries.push(operation);
        }
    }
}
