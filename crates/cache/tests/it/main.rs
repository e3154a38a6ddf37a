//! The cache over its engines: memory always, Redis when `KOLSAI_TEST_REDIS` says where, and servers of the tests' own when
//! `KOLSAI_TEST_REDIS_SERVER` names the program (`deploy/redis COMMAND…` sets both).

mod boot;
mod model;
mod outage;
mod own_redis;
mod shared;
