import { nearWords } from './near-words.ts';

export interface KnownRoute {
  readonly method: string;
  /** `/api/v1/tasks/{taskId}` */
  readonly template: string;
}

const MOST = 3;

/** The routes whose paths look most like one that leads nowhere, as `GET /api/v1/tasks`; none when nothing does. */
export function nearRoutes(path: string, routes: readonly KnownRoute[]): string[] {
  const asked = path.slice(0, 256).replace(/\/+$/, '');
  const byTemplate = Map.groupBy(routes, (route) => route.template);
  // What stands where a route has a parameter is right whatever it is; and the first part of the path is often left out.
  const forms = new Map<string, string>();
  for (const template of byTemplate.keys()) forms.set(fillIn(template, asked), template);
  const nearest = [asked, `${COMMON}${asked}`].flatMap((form) => {
    if (form !== asked) for (const template of byTemplate.keys()) forms.set(fillIn(template, form), template);
    return nearWords(form, [...forms.keys()], MOST);
  });
  const templates = [...new Set(nearest.map((form) => forms.get(form) ?? form))].slice(0, MOST);
  return templates.flatMap((template) => (byTemplate.get(template) ?? []).map(({ method }) => `${method} ${template}`));
}

const COMMON = '/api/v1';

function fillIn(template: string, path: string): string {
  const parts = path.split('/');
  return template
    .split('/')
    .map((part, index) => (part.startsWith('{') ? (parts[index] ?? part) : part))
    .join('/');
}
