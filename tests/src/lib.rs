//! Tests of the whole school, and the programs that tell its story and count its promises.
