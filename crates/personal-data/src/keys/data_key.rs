//! A data key in memory: zeroised when dropped, silent in `Debug`, typed by its category.

use std::{fmt, marker::PhantomData, sync::Arc};

use foundation::PersonId;
use zeroize::Zeroizing;

/// A data key whose category is known at run time. Clones share the bytes.
#[derive(Clone)]
pub struct RawKey {
    bytes: Arc<Zeroizing<[u8; 32]>>,
    service: &'static str,
    person: PersonId,
}

impl RawKey {
    pub(crate) fn new(bytes: [u8; 32], service: &'static str, person: PersonId) -> Self {
        Self { bytes: Arc::new(Zeroizing::new(bytes)), service, person }
    }

    /// The 32 bytes, for the sealing of objects.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    pub fn service(&self) -> &'static str {
        self.service
    }

    pub fn person(&self) -> PersonId {
        self.person
    }
}

impl fmt::Debug for RawKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<data key>")
    }
}

/// The key of one person's data of the category `C` in this service.
pub struct DataKey<C>(RawKey, PhantomData<fn() -> C>);

impl<C> DataKey<C> {
    pub(crate) fn new(raw: RawKey) -> Self {
        Self(raw, PhantomData)
    }

    pub fn raw(&self) -> &RawKey {
        &self.0
    }
}

impl<C> Clone for DataKey<C> {
    fn clone(&self) -> Self {
        Self::new(self.0.clone())
    }
}

impl<C> fmt::Debug for DataKey<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
