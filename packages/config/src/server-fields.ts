import { port, secretFile, text, url } from './fields.ts';

/** Settings of the broker, for every service that talks to it. */
export function rabbitmqFields({ url: address = 'amqp://127.0.0.1:5672' }: { readonly url?: string } = {}) {
  return {
    rabbitmqUrl: url('TRACEPOST_RABBITMQ_URL', { about: 'the broker', default: address }),
    rabbitmqUser: text('TRACEPOST_RABBITMQ_USER', { about: 'its user', default: 'tracepost' }),
    rabbitmqPassword: secretFile('TRACEPOST_RABBITMQ_PASSWORD_FILE', { about: 'its password' }),
  };
}

/** Settings of the database of the records; `about`: what of it the service uses. */
export function postgresFields({ about, host = '127.0.0.1' }: { readonly about: string; readonly host?: string }) {
  return {
    postgresHost: text('TRACEPOST_POSTGRES_HOST', { about, default: host }),
    postgresPort: port('TRACEPOST_POSTGRES_PORT', { about: 'its port', default: '5432' }),
    postgresDatabase: text('TRACEPOST_POSTGRES_DATABASE', { about: 'its name', default: 'tracepost' }),
    postgresUser: text('TRACEPOST_POSTGRES_USER', { about: 'its user', default: 'tracepost' }),
    postgresPassword: secretFile('TRACEPOST_POSTGRES_PASSWORD_FILE', { about: 'its password' }),
  };
}
