export { createInfluxStores, type InfluxStoreOptions, type InfluxStores } from './create-influx-stores.ts';
