import { forgetDoor, forgetPastDoors } from '@/lib/kept-door'
import { forgetTickets } from '@/lib/kept-tickets'
import { memberPages, paths } from '@/lib/paths'

// Whether a session is likely. It is not a secret, only a reason to try the refresh cookie first.
// Without it a page would have to ask the server first, and show the page for guests meanwhile.
const KEY = 'boxoffice.session'

export function hasSessionHint(): boolean {
  try {
    return localStorage.getItem(KEY) !== null
  } catch {
    return false
  }
}

export function setHint(likely: boolean): void {
  if (likely) forgetPastDoors()
  else {
    forgetTickets()
    forgetDoor()
  }
  try {
    if (likely) localStorage.setItem(KEY, '1')
    else localStorage.removeItem(KEY)
  } catch {
    // Storage is disabled: users sign in again after a reload.
  }
  document.documentElement.removeAttribute('data-session')
}

const LOGOUT = 'boxoffice.logout'
let isDueHere = false // used where storage is disabled

/** Whether a user has signed out here and the server has not been told yet. */
export function isLogoutDue(): boolean {
  try {
    return localStorage.getItem(LOGOUT) !== null
  } catch {
    return isDueHere
  }
}

export function setLogoutDue(due: boolean): void {
  isDueHere = due
  try {
    if (due) localStorage.setItem(LOGOUT, '1')
    else localStorage.removeItem(LOGOUT)
  } catch {
    // Storage is disabled: this tab remembers it.
  }
}

/**
 * Runs in the head of every page, before the first paint. It sends users without a session to the
 * sign-in page, and marks the document while a session is being restored, so that the sign-in form
 * does not flash. A form that is sent before the page's scripts are there waits for them: AuthForm.
 */
export const guardScript = `(function(){try{var d=document.documentElement,l=location,p=l.pathname,
s=localStorage.getItem('${KEY}')!==null;
document.addEventListener('submit',function(e){if(d.dataset.ready===undefined){e.preventDefault();e.target.dataset.sent=''}},true);
if(p==='/'){d.dataset.session='leaving';l.replace(s?'${paths.events}':'${paths.login}')}
else if(s){d.dataset.session='restoring'}
else if(new RegExp(${JSON.stringify(memberPages)}).test(p)){d.dataset.session='leaving';l.replace('${paths.login}?next='+encodeURIComponent(p+l.search))}
}catch(e){}})()`
