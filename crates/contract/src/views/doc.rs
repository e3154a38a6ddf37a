use prost_reflect::FileDescriptor;

/// The comment that stands before, or else behind, the element at `path` in its proto file (`MethodDescriptor::path` and its like); empty when there is none.
pub fn doc(file: &FileDescriptor, path: &[i32]) -> String {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let location = info.and_then(|info| info.location.iter().find(|location| location.path == path));
    let text =
        location.and_then(|location| location.leading_comments.as_deref().or(location.trailing_comments.as_deref())).unwrap_or_default();
    text.lines().map(str::trim).collect::<Vec<_>>().join("\n").trim().to_owned()
}
