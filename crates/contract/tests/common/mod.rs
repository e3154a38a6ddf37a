//! Small contracts, compiled beside the real one.

use std::path::Path;

use prost_reflect::DescriptorPool;

/// The pool of one file in `package` with this body, which may use the real vocabulary.
pub fn pool_in(package: &str, body: &str) -> DescriptorPool {
    let folder = tempfile::tempdir().unwrap();
    let source = format!(
        r#"syntax = "proto3";
        package {package};
        import "google/api/annotations.proto";
        import "google/api/httpbody.proto";
        import "google/protobuf/timestamp.proto";
        import "kolsai/contract/v1/contract.proto";
        import "kolsai/contract/v1/vocabulary.proto";
        {body}"#
    );
    std::fs::write(folder.path().join("case.proto"), source).unwrap();
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let mut compiler = protox::Compiler::new([folder.path(), real.as_path()]).unwrap();
    compiler.include_imports(true).include_source_info(true).open_file("case.proto").unwrap_or_else(|error| panic!("{error:?}"));
    DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()).unwrap()
}

/// The same in `kolsai.case.v1`, with `(data)`, `(event)` and `(rule)` spelled out.
pub fn pool(body: &str) -> DescriptorPool {
    pool_in("kolsai.case.v1", &spelled_out(body))
}

/// A service with one method `Do(Ask) returns (Answer)`, its route and rule as given, and these messages.
pub fn method(options: &str, messages: &str) -> DescriptorPool {
    pool(&format!("service Things {{ rpc Do(Ask) returns (Answer) {{ {options} }} }} {messages}"))
}

fn spelled_out(body: &str) -> String {
    ["data", "event", "rule", "holder", "client"]
        .iter()
        .fold(body.to_owned(), |body, word| body.replace(&format!("({word})"), &format!("(kolsai.contract.v1.{word})")))
}
