import { BootwrightError } from '../../model/error.ts';

/**
 * An nginx configuration that serves a library, or a distributed folder, under the paths of the policy protocol. Names are
 * hashes, so everything is immutable, and the name is the strong validator. `authorise`: URL that nginx asks first.
 */
export function nginxConfiguration(
  folder: string,
  { port, authorise }: { readonly port: number; readonly authorise?: string },
): string {
  for (const text of [folder, authorise ?? ''])
    if (/["'\\;{}$\s]/.test(text)) throw new BootwrightError('BW-CONTENT-042', `nginx cannot be told of ${text}.`);
  const check = authorise === undefined ? '' : '        auth_request /bootwright-authorise;\n';
  const asked =
    authorise === undefined
      ? ''
      : `
    # Answers 2xx when the token in Authorization opens this content, else 401 or 403.
    location = /bootwright-authorise {
        internal;
        proxy_pass ${authorise};
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
        proxy_set_header X-Original-URI $request_uri;
    }
`;
  return `# In front of Bootwright's content: put it where nginx includes files inside http { }, then \`nginx -t\`.
server {
    listen ${port};
    root "${folder}";

    location ~ "^/(?:v1/content|sha256)/(?<prefix>[0-9a-f]{2})/?(?<rest>[0-9a-f]{62})$" {
        limit_except GET { deny all; }
${check}        try_files /sha256/$prefix/$rest =404;
        default_type application/octet-stream;
        types { }
        # nginx makes its validator of time and size; the name says more, and the same on every server.
        etag off;
        add_header ETag "\\"$prefix$rest\\"";
        add_header Cache-Control "${authorise === undefined ? 'public' : 'private'}, max-age=31536000, immutable";
        add_header X-Content-Type-Options nosniff;
        if_modified_since off;
        max_ranges 1;
        sendfile on;
        tcp_nopush on;
    }
${asked}
    # Of a distributed folder: what there is, signed.
    location ~ "^/index[.](?:json|sig)$" {
        add_header Cache-Control no-cache;
    }

    location / {
        return 404;
    }
}
`;
}
