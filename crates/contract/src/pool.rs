use std::sync::OnceLock;

use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DynamicMessage};

/// The encoded descriptor set of the whole contract, as server reflection wants it.
pub fn descriptors() -> &'static [u8] {
    crate::generated::DESCRIPTORS
}

/// The descriptors of the whole contract. Custom options can be read here and nowhere else.
pub fn pool() -> &'static DescriptorPool {
    static POOL: OnceLock<DescriptorPool> = OnceLock::new();
    // The bytes are part of this binary and every test decodes them: a failure here is a broken build, not a state to handle.
    POOL.get_or_init(|| DescriptorPool::decode(descriptors()).unwrap_or_else(|error| panic!("descriptors.bin does not decode: {error}")))
}

/// The reflected form of a generated message; `None` for a type that is not of the contract.
pub fn to_dynamic<M: Message + Name>(message: &M) -> Option<DynamicMessage> {
    let descriptor = pool().get_message_by_name(&M::full_name())?;
    DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice()).ok()
}
